// Files dropped on a row of the list of conversations: they are offered for that
// one. Beside rows and panes nothing is dropped: a browser would open it instead
// of the client.
import { words } from '../core/i18n.js';
import * as store from '../core/store.js';
import { confirmFiles } from './sheet.js';
import { sendFiles } from './sending.js';

let over = null;

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

function mark(row) {
  if (row === over) return;
  over?.classList.remove('dropping');
  over = row;
  over?.classList.add('dropping');
}

/** The row under the pointer that takes files, with its conversation. */
function rowOf(event) {
  const row = event.target.closest?.('.rows .row');
  const [, kind, dstid] = /^\/c\/(\d+)-(\d+)$/.exec(row?.querySelector('a')?.pathname ?? '') ?? [];
  return kind && kind !== '12' ? { row, kind: Number(kind), dstid: Number(dstid) } : null;
}

document.addEventListener('dragover', (event) => {
  if (!carriesFiles(event) || event.defaultPrevented) return mark(null);
  event.preventDefault();
  const target = rowOf(event);
  event.dataTransfer.dropEffect = target ? 'copy' : 'none';
  mark(target?.row ?? null);
});

document.addEventListener('dragleave', (event) => !event.relatedTarget && mark(null));

document.addEventListener('drop', async (event) => {
  mark(null);
  if (!carriesFiles(event) || event.defaultPrevented) return;
  event.preventDefault();
  const target = rowOf(event);
  const files = [...event.dataTransfer.files];
  if (!target || files.length === 0) return;
  const { kind, dstid, row } = target;
  await words();
  const chosen = await confirmFiles(files, store.titleOf(kind, dstid));
  if (!chosen) return;
  await sendFiles(null, chosen.files, chosen.caption, kind, dstid);
  row.querySelector('a')?.click(); // to where it went
});
