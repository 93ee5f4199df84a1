// Last step of `npm run build`: the bundle beside the compiled code.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { buildWorkflowBundle } from './workflow-bundle.ts'

const code = await buildWorkflowBundle()
await writeFile(fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url)), code)
