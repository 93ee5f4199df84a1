// darkroom upload: sends pictures to a running service and prints the names by which a request can use them.
import type { Command } from 'commander'
import { uploadName } from '../../catalog/upload-name.ts'
import type { CliContext } from '../context.ts'
import { writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { exitCodes } from '../errors.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { readLocalPicture, sendPictures } from '../local-pictures.ts'
import { renderJson } from '../render/json.ts'
import { createProgressLine } from '../render/progress.ts'
import type { CommandHost } from './command-host.ts'

interface UploadFlags {
  url?: string
  json?: boolean
}

export function addUploadCommand(program: Command, host: CommandHost): void {
  program
    .command('upload')
    .description('send pictures to the running service, and print their names for --reference, --mask and requests')
    .argument('<file...>', 'PNG, JPEG or WebP, at most 32 MiB each')
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .option('--json', 'print what is known of each as JSON')
    .action((paths: string[], flags: UploadFlags) => host.run((context) => upload(context, paths, flags)))
}

async function upload(context: CliContext, paths: readonly string[], flags: UploadFlags): Promise<ExitCode> {
  const url = chooseGatewayUrl(flags.url, context.env)
  // All of them are looked at before the first is sent.
  const pictures = await Promise.all(paths.map((path) => readLocalPicture(path, 'upload')))
  await sendPictures(url, pictures, createProgressLine(context.stderr))
  const uploads = pictures.map(({ path: _path, ...picture }) => ({ upload: uploadName(picture.sha256), ...picture }))
  if (flags.json === true) writeLine(context.stdout, renderJson({ uploads }))
  else for (const { upload: name } of uploads) writeLine(context.stdout, name)
  return exitCodes.done
}
