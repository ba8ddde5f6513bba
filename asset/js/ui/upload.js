// Choosing a file and putting a picture on the server.
import { post } from '../core/api.js';

/** Opens the system's chooser; resolves with the file, undefined if none was chosen. */
export function pickFile(/** @type {string} */ accept) {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accept;
    input.hidden = true;
    document.body.append(input); // some browsers forget an input that is not in the page
    const end = () => {
      input.remove();
      resolve(input.files?.[0]);
    };
    input.addEventListener('change', end);
    input.addEventListener('cancel', end);
    input.click();
  });
}

/** Uploads a picture and gives its URL. */
export async function uploadPicture(/** @type {File} */ file) {
  const form = new FormData();
  form.append('file', file, file.name);
  const { data, attach } = await post('/attach/upload', form);
  return attach?.thumb || data;
}
