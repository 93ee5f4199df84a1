/** Why a picture could not be fetched. Match on this, never on the message. None of them is a reason to pay for another task. */
export type DownloadErrorCode =
  /** not a URL that we fetch: scheme, port, credentials, length, or an address that is not public */
  | 'url_refused'
  /** more redirects than allowed, or one that leads nowhere */
  | 'redirect_refused'
  /** any status but 200; 403, 404 and 410 mean that the link is dead and a fresh one is needed */
  | 'http_status'
  /** compressed although we asked for the plain bytes */
  | 'content_encoded'
  | 'too_large'
  /** HTML, SVG, … instead of PNG, JPEG or WebP, by the bytes */
  | 'wrong_type'
  /** fewer bytes than were promised, or a picture without its end */
  | 'truncated'
  /** the bytes contradict themselves */
  | 'damaged'
  | 'too_many_pixels'
  | 'timeout'
  /** no connection, or it broke before the answer began */
  | 'network'
  /** our own disk would not take it */
  | 'storage'

/** The message names the place without query string: a signed link is a secret (I6). Its text may be hostile: make it printable before showing. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
  readonly code: DownloadErrorCode
  /** of the answer, with `http_status` */
  readonly httpStatus: number | undefined

  constructor(code: DownloadErrorCode, message: string, details: { httpStatus?: number; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.httpStatus = details.httpStatus
  }
}

/** As much of a link as may be shown: who serves it. At a provider's CDN the path alone opens the picture, so it is a secret (I6). */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}/…`.slice(0, 200)
}
