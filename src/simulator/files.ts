// The file host: result links and uploads. Pictures are painted when they are asked for.
import { bytesReply, jsonReply, type Reply, textReply } from './http/reply.ts'
import type { SimulatorSettings } from './options.ts'
import { renderPicture } from './picture/picture.ts'
import { hexOf } from './random.ts'
import type { Task, Tasks } from './tasks.ts'

// kie: temporary download links live 20 minutes.
const TEMPORARY_LINK_MS = 20 * 60_000
// About 10 MB of pictures: a download that is retried is not painted twice.
const PICTURES_KEPT = 32
// Uploads are a convenience of a test tool; the oldest give way.
const UPLOADS_KEPT = 64

interface Upload {
  bytes: Buffer
  mimeType: string
  expiresAtMs: number
}

export class Files {
  readonly #settings: SimulatorSettings
  readonly #tasks: Tasks
  readonly #origin: () => string
  readonly #uploads = new Map<string, Upload>()
  readonly #pictures = new Map<string, Promise<Buffer>>()

  constructor(settings: SimulatorSettings, tasks: Tasks, origin: () => string) {
    this.#settings = settings
    this.#tasks = tasks
    this.#origin = origin
  }

  linksOf(task: Task): string[] {
    const { order, fate, id } = task
    return Array.from(
      { length: order.images + fate.extraImages },
      (_, index) => `${this.#origin()}/files/${id}_${index}.${order.extension}`,
    )
  }

  /** A temporary link for one of ours; null for a foreign one. */
  temporaryLink(link: string, nowMs: number): string | null {
    const url = URL.canParse(link) ? new URL(link) : null
    if (url === null || url.origin !== this.#origin() || this.locate(url.pathname) === null) return null
    const expires = nowMs + TEMPORARY_LINK_MS
    return `${this.#origin()}${url.pathname}?expires=${expires}&signature=${this.#signature(url.pathname, expires)}`
  }

  /** Same path and name overwrite. */
  saveUpload(path: string, { bytes, mimeType }: Pick<Upload, 'bytes' | 'mimeType'>): string {
    this.#uploads.delete(path)
    this.#uploads.set(path, { bytes, mimeType, expiresAtMs: Date.now() + this.#settings.uploadTtlMs })
    const oldest = this.#uploads.keys().next().value
    if (this.#uploads.size > UPLOADS_KEPT && oldest !== undefined) this.#uploads.delete(oldest)
    return `${this.#origin()}/uploads/${path}`
  }

  isOurs(url: URL): boolean {
    return url.origin === this.#origin()
  }

  /** All of them, now. Says how many were still good. */
  expireUploads(nowMs: number): number {
    const good = [...this.#uploads.values()].filter(({ expiresAtMs }) => expiresAtMs >= nowMs)
    for (const upload of good) upload.expiresAtMs = nowMs - 1
    return good.length
  }

  /** The task a path belongs to. */
  locate(path: string): { task: Task; index: number } | null {
    const parts = /^\/files\/([0-9a-z-]+)_(\d+)\.\w+$/.exec(path)
    const task = parts === null ? undefined : this.#tasks.find(parts[1] ?? '')
    const index = Number(parts?.[2])
    return task === undefined || index >= this.linksOf(task).length ? null : { task, index }
  }

  async answer(url: URL, nowMs: number): Promise<Reply> {
    const upload = this.#uploads.get(decodeURIComponent(url.pathname.replace(/^\/uploads\//, '')))
    // What an expired upload really answers is not known.
    if (upload !== undefined && nowMs > upload.expiresAtMs) return jsonReply({ error: 'expired' }, 404)
    if (upload !== undefined) return bytesReply(upload.bytes, upload.mimeType)
    const located = this.locate(url.pathname)
    if (located === null || located.task.finishedAtMs === null) return textReply('Not Found', 'text/plain', 404)
    const expires = Number(url.searchParams.get('expires') ?? located.task.finishedAtMs + this.#settings.resultTtlMs)
    if (nowMs > expires) return jsonReply({ error: 'expired' }, 404)
    const signature = url.searchParams.get('signature')
    if (signature !== null && signature !== this.#signature(url.pathname, expires))
      return textReply('Forbidden', 'text/plain', 403)
    return bytesReply(await this.#picture(located.task, located.index), 'image/png')
  }

  clear(): void {
    this.#uploads.clear()
    this.#pictures.clear()
  }

  #signature(path: string, expires: number): string {
    return hexOf(this.#settings.seed, 'link', path, expires).slice(0, 32)
  }

  #picture(task: Task, index: number): Promise<Buffer> {
    const name = `${task.id}_${index}`
    const known = this.#pictures.get(name)
    if (known !== undefined) return known
    const { order } = task
    const painted = renderPicture({
      taskId: task.id,
      index,
      // A marker is an instruction to the simulator, not something to see.
      prompt: order.prompt.replace(/\[\[fault:[^\]]*\]\]/g, ' '),
      subtitle: `${order.provider}  ${order.model}  ${task.id}`,
      ratio: order.ratio,
      grid: order.grid,
      sidePx: this.#settings.pictureSidePx,
    })
    this.#pictures.set(name, painted)
    const oldest = this.#pictures.keys().next().value
    if (this.#pictures.size > PICTURES_KEPT && oldest !== undefined) this.#pictures.delete(oldest)
    return painted
  }
}
