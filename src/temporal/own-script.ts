// Starts scripts of ours as processes of their own: TypeScript through tsx from a checkout, plain JavaScript from a build.
import { fileURLToPath } from 'node:url'

/**
 * Arguments for `process.execPath` that run the script `name` (without extension) beside the module `importMetaUrl`.
 * From a checkout tsx must be loaded first; it is resolved here, so that the folder a user stands in does not matter.
 */
export function ownScriptArguments(name: string, importMetaUrl: string): string[] {
  const extension = importMetaUrl.endsWith('.ts') ? '.ts' : '.js'
  const path = fileURLToPath(new URL(`./${name}${extension}`, importMetaUrl))
  return extension === '.ts' ? ['--import', import.meta.resolve('tsx'), path] : [path]
}
