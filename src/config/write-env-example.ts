// Writes `.env.example` anew: node --import tsx src/config/write-env-example.ts
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderEnvExample } from './env-example.ts'

const path = fileURLToPath(new URL('../../.env.example', import.meta.url))
await writeFile(path, renderEnvExample())
process.stdout.write(`wrote ${path}\n`)
