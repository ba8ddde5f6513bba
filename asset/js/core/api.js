// Calls to the server: one function, one kind of failure.
import { t } from './i18n.js';

/** A call that had no effect: `code` for programs, `message` a sentence for people. */
export class ApiError extends Error {
  /** @param {string} code @param {string} message @param {number} [status] @param {number} [retryAfter] seconds */
  constructor(code, message, status = 0, retryAfter = 0) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Goes to the login page and comes back here after it. */
export function goToLogin() {
  const here = location.pathname + location.search;
  location.assign(`/user/login.shtml?next=${encodeURIComponent(here)}`);
}

/**
 * Calls a JSON route. A FormData goes as multipart, anything else as JSON.
 * @param {string} route such as "/user/update"
 * @param {object|FormData} [body]
 * @param {{signal?: AbortSignal, keepalive?: boolean}} [options]
 * @returns {Promise<{data?: any, rows?: any[], total?: number, attach?: any}>}
 */
export async function post(route, body = {}, options = {}) {
  const form = body instanceof FormData;
  let response;
  try {
    response = await fetch(route, {
      method: 'POST',
      headers: form ? { Accept: 'application/json' } : { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: form ? body : JSON.stringify(body),
      ...options,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError('offline', t('error.client.offline'));
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new ApiError('unavailable', t('error.client.unavailable'), response.status);
  }
  if (answer.code === 0) return answer;
  if (response.status === 401 && answer.error === 'unauthenticated') goToLogin();
  const failure = new ApiError(answer.error || 'internal', answer.msg || t('error.client.unavailable'), response.status,
    Number(response.headers.get('Retry-After')) || 0);
  throw Object.assign(failure, { field: answer.field ?? '' }); // of the body, where one is to blame
}
