// What the plus panel of the composer offers, in its order. Each row's `act` gets
// the composer, which knows the conversation (kind, dstid) and opens file inputs by name.
import { t, toast } from './base.js';

const byTouch = () => matchMedia('(pointer: coarse)').matches;

/** A row that opens a dialog of its own for the conversation; the panel makes way for it. */
const opens = (open) => async (composer) => {
  const { kind, dstid } = composer;
  composer.leavePanel();
  try {
    await open({ kind, dstid });
  } catch {
    toast(t('error.client.offline')); // its module could not be fetched
  }
};

/**
 * @param {{kind: number, dstid: number}} where the conversation
 * @returns {{name: string, label: string, icon: string, act: (composer: any) => void}[]}
 */
export function tools(where) { // eslint-disable-line no-unused-vars -- rows may depend on the conversation
  const pick = (name) => (composer) => composer.pick(name);
  return [
    { name: 'picture', label: t('chat.pick.pictures'), icon: 'image', act: pick('picture') },
    ...(byTouch() ? [{ name: 'camera', label: t('chat.pick.camera'), icon: 'camera', act: pick('camera') }] : []),
    { name: 'video', label: t('chat.pick.video'), icon: 'video', act: pick('video') },
    ...(where.kind === 10 ? [{ name: 'call', label: t('call.start'), icon: 'phone', act: async () => (await import('../call/call.js')).offer(where.dstid) }] : []),
    { name: 'file', label: t('chat.pick.file'), icon: 'file', act: pick('file') },
    { name: 'sticker', label: t('sticker.tool'), icon: 'sticker', act: opens(async (to) => (await import('./sticker.js')).openStickers(to)) },
    { name: 'packet', label: t('media.redpacket'), icon: 'gift', act: opens(async (to) => (await import('./packet.js')).sendPacket(to)) },
    { name: 'card', label: t('media.card'), icon: 'contact', act: opens(async (to) => (await import('./card.js')).sendCard(to)) },
    { name: 'link', label: t('media.link'), icon: 'link', act: opens(async (to) => (await import('./news.js')).sendLink(to)) },
  ];
}
