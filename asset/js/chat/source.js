// Where the file of a message is: still here, or on this site.
import { localURL, sentURL } from '../core/media.js';
import { ownFile } from './text.js';

/** The address of what a message carries, '' if it is not ours to load. */
export const sourceOf = ({ m, entry }) => (entry?.file ? localURL(entry) : sentURL(m)) || ownFile(m.url);

/** The same for the picture that stands for it. */
export const posterOf = ({ m, entry }) => (entry?.poster ? localURL(entry, 'poster') : sentURL(m, 'poster')) || ownFile(m.pic);

/** What a voice is known by to the player. */
export const voiceKey = (pane, m) => `${pane.kind}:${pane.dstid}:${m.seq || m.cid}`;
