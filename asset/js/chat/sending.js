// From chosen files to messages: shown first, then given to the outbox.
import { ask, t, toast } from './base.js';
import * as store from '../core/store.js';
import { keyOf, MEDIA } from '../core/timeline.js';
import { held } from './written.js';

/** Shows what is about to be sent; it goes when it is confirmed. */
export async function offer(composer, files, kind, dstid) {
  if (files.length === 0) return;
  const { confirmFiles } = await import('./sheet.js');
  const chosen = await confirmFiles(files, store.titleOf(kind, dstid));
  if (chosen) await sendFiles(composer, chosen.files, chosen.caption, kind, dstid);
}

/** What is being answered, if it is still in the conversation that something is for: another may have been opened meanwhile. */
const quoteOf = (composer, kind, dstid) => (composer?.key === keyOf(kind, dstid) ? composer.takeQuote() : {});

/** Gives each file to the outbox; the first one answers what is being answered, the last one has the caption. */
export async function sendFiles(composer, files, caption, kind, dstid) {
  const full = files.filter((file) => file.size > 0);
  for (const file of files) if (file.size === 0) toast(t('chat.file.empty', { Name: file.name }));
  if (full.length === 0) return;
  const quote = quoteOf(composer, kind, dstid);
  const { messageOf } = await import('../core/media.js');
  for (const [i, file] of full.entries()) {
    const message = { ...await messageOf(file, { caption: i === full.length - 1 ? caption : '' }), ...held() };
    await store.send(kind, dstid, i === 0 ? { ...message, ref: quote.ref, ext: { ...message.ext, ...quote.ext } } : message);
  }
}

/** Gives a recording to the outbox. */
export function sendVoice(composer, { file, name, seconds, waveform }, kind, dstid) {
  const quote = quoteOf(composer, kind, dstid);
  store.send(kind, dstid, { media: MEDIA.VOICE, file, name, amount: seconds, ...quote, ext: { waveform, ...quote.ext }, ...held() });
}

/** Says why recording cannot work here; a file may stand in. */
export const sayBlocked = (composer, reason) => ask({ title: t('chat.voice.blocked'), text: t(`chat.voice.blocked.${reason}`), yes: t('chat.voice.file'),
  act: async () => composer.pick('audio') });
