// Balance, temporary links, uploads, and the retired Midjourney endpoint.
import type { PlainRequest, PlainRoute } from '../dialect.ts'
import type { Accounts } from '../accounts.ts'
import { fingerprint } from '../accounts.ts'
import { readText } from '../fields.ts'
import type { Files } from '../files.ts'
import { isRecord, jsonReply, type Reply } from '../http/reply.ts'
import { hexOf } from '../random.ts'
import type { Tasks } from '../tasks.ts'
import { type CodeReply, success } from './envelope.ts'

interface Parts {
  accounts: Accounts
  files: Files
  tasks: Tasks
  codeReply: CodeReply
}

export function commonRoutes({ accounts, files, tasks, codeReply }: Parts): PlainRoute[] {
  const temporaryLink = (url: unknown): Reply => {
    const link = files.temporaryLink(readText(url) ?? '', Date.now())
    return link === null ? codeReply(422, 'url') : jsonReply(success(link))
  }
  const fieldsOf = (request: PlainRequest): Record<string, unknown> => (isRecord(request.body) ? request.body : {})
  return [
    {
      point: 'account',
      method: 'GET',
      path: '/api/v1/chat/credit',
      // A bare number, and it can have a fraction.
      answer: ({ key }) => jsonReply(success(accounts.balance('kie', fingerprint(key)))),
    },
    {
      point: 'account',
      method: 'POST',
      path: '/api/v1/common/download-url',
      answer: (request) => temporaryLink(fieldsOf(request)['url']),
    },
    {
      point: 'account',
      method: 'POST',
      path: '/api/v1/gpt4o-image/download-url',
      answer: (request) => {
        const task = tasks.find(readText(fieldsOf(request)['taskId']) ?? '')
        if (task === undefined || task.order.api !== 'gpt4o') return codeReply(422, null, { message: 'record is null' })
        if (task.state !== 'succeeded') return codeReply(422, null, { message: 'task status not success' })
        return temporaryLink(fieldsOf(request)['url'])
      },
    },
    // Retired; what it answers today is not known. 505 "disabled" is the nearest documented word.
    { point: 'account', method: 'POST', path: '/api/v1/mj/generate', answer: () => codeReply(505, null) },
    { point: 'account', method: 'GET', path: '/api/v1/mj/record-info', answer: () => codeReply(505, null) },
  ]
}

// kie: a URL upload is fetched within 30 s and should not exceed 100 MB; a test tool needs less.
const FETCH_TIMEOUT_MS = 30_000

export function uploadRoutes(files: Files): PlainRoute[] {
  const route = (path: string, read: (request: PlainRequest) => Promise<Uploaded | string>): PlainRoute => ({
    point: 'upload',
    method: 'POST',
    path,
    answer: async (request) => {
      const uploaded = await read(request)
      // Real HTTP statuses on this host; the error bodies are not on record.
      return typeof uploaded === 'string'
        ? jsonReply({ success: false, code: 400, msg: uploaded }, 400)
        : saved(files, uploaded, request.key)
    },
  })
  return [
    route('/api/file-base64-upload', async ({ body }) => readBase64(isRecord(body) ? body : {})),
    route('/api/file-stream-upload', readMultipart),
    route('/api/file-url-upload', ({ body }) => fetchFile(isRecord(body) ? body : {})),
  ]
}

interface Uploaded {
  bytes: Buffer
  mimeType: string
  uploadPath: string
  fileName: string | null
}

function readBase64(body: Record<string, unknown>): Uploaded | string {
  const data = readText(body['base64Data'])
  const uploadPath = readText(body['uploadPath'])
  if (data === null) return 'base64Data is required'
  if (uploadPath === null) return 'uploadPath is required'
  const parts = /^data:([\w/+.-]+);base64,(.*)$/s.exec(data)
  const bytes = Buffer.from(parts?.[2] ?? data, 'base64')
  return { bytes, mimeType: parts?.[1] ?? 'image/png', uploadPath, fileName: readText(body['fileName']) }
}

async function readMultipart({ rawBody, headers }: PlainRequest): Promise<Uploaded | string> {
  let form: FormData
  try {
    form = await new Response(new Uint8Array(rawBody), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData()
  } catch {
    return 'the body is not multipart/form-data'
  }
  const file = form.get('file')
  const uploadPath = readText(form.get('uploadPath'))
  if (file === null || typeof file === 'string') return 'file is required'
  if (uploadPath === null) return 'uploadPath is required'
  const bytes = Buffer.from(await file.arrayBuffer())
  return {
    bytes,
    mimeType: readText(file.type) ?? 'application/octet-stream',
    uploadPath,
    fileName: readText(form.get('fileName')),
  }
}

async function fetchFile(body: Record<string, unknown>): Promise<Uploaded | string> {
  const fileUrl = readText(body['fileUrl'])
  const uploadPath = readText(body['uploadPath'])
  if (fileUrl === null) return 'fileUrl is required'
  if (uploadPath === null) return 'uploadPath is required'
  try {
    const response = await fetch(fileUrl, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    if (!response.ok) return `the file could not be fetched: HTTP ${response.status}`
    const mimeType = response.headers.get('content-type') ?? 'application/octet-stream'
    return { bytes: Buffer.from(await response.arrayBuffer()), mimeType, uploadPath, fileName: readText(body['fileName']) }
  } catch {
    return 'the file could not be fetched'
  }
}

function saved(files: Files, uploaded: Uploaded, key: string): Reply {
  const { bytes, mimeType } = uploaded
  const now = new Date()
  const extension = mimeType.split('/')[1]?.split(';')[0] ?? 'bin'
  const fileName = uploaded.fileName ?? `${now.getTime()}-${hexOf(now.getTime(), bytes.length).slice(0, 11)}.${extension}`
  const account = Number.parseInt(fingerprint(key).slice(0, 5), 16)
  const filePath = `kieai/${account}/${uploaded.uploadPath}/${fileName}`
  const downloadUrl = files.saveUpload(filePath, { bytes, mimeType })
  const data = { success: true, fileName, filePath, downloadUrl, fileSize: bytes.length, mimeType, uploadedAt: now.toISOString() }
  return jsonReply({ success: true, code: 200, msg: 'File uploaded successfully', data })
}
