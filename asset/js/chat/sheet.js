// The sheet that shows files before they are sent, with an optional caption.
import { render } from '../../vendor/lit.js';
import { bytes, html, icon, t } from './base.js';

/**
 * @param {File[]} files @param {string} to whom
 * @returns {Promise<{files:File[], caption:string}|null>}
 */
export function confirmFiles(files, to) {
  return new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.className = 'hy-sheet';
    dialog.setAttribute('aria-label', t('chat.sheet', { Name: to }));
    const urls = new Map(files.filter((file) => file.type.startsWith('image/')).map((file) => [file, URL.createObjectURL(file)]));
    let left = [...files];
    let result = null;
    const draw = () => render(html`<form @submit=${send}><h2>${t('chat.sheet', { Name: to })}</h2>
      <div class="previews n${Math.min(3, left.length)}">${left.map((file) => html`<figure>${urls.has(file)
        ? html`<img src=${urls.get(file)} alt=${file.name}>` : html`<span class="blank">${icon(file.type.startsWith('video/') ? 'video' : 'file')}<span>${file.name}</span></span>`}
        <figcaption>${bytes(file.size)}</figcaption>${left.length > 1 ? html`<button class="iconbtn" type="button" aria-label="${t('act.delete')}: ${file.name}" @click=${() => remove(file)}>${icon('x', 'small')}</button>` : ''}</figure>`)}</div>
      <input class="caption-field" maxlength="500" placeholder=${t('chat.caption')} aria-label=${t('chat.caption')} autocomplete="off">
      <div class="buttons"><button type="button" class="weui-btn weui-btn_default" @click=${() => dialog.close()}>${t('act.cancel')}</button>
        <button type="submit" class="weui-btn weui-btn_primary">${left.length > 1 ? t('chat.send.count', { Count: left.length }) : t('act.send')}</button></div></form>`, dialog);
    const remove = (file) => {
      left = left.filter((f) => f !== file);
      draw();
    };
    const send = (event) => {
      event.preventDefault();
      result = { files: left, caption: dialog.querySelector('.caption-field').value.trim() };
      dialog.close();
    };
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    dialog.addEventListener('close', () => {
      for (const url of urls.values()) URL.revokeObjectURL(url);
      dialog.remove();
      resolve(result);
    });
    draw();
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('[type=submit]').focus();
  });
}
