// What the plus panel of the composer offers, in its order. Each row's `act` gets
// the composer, which knows the conversation (kind, dstid) and opens file inputs by name.
import { t } from './base.js';

const byTouch = () => matchMedia('(pointer: coarse)').matches;

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
  ];
}
