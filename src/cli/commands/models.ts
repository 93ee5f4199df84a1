// darkroom models: what may be asked for. The catalogue is part of the program, so nothing needs to run for this.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { ModelFilter } from '../../catalog/list-models.ts'
import { listModels } from '../../catalog/list-models.ts'
import { taskKindSchema } from '../../catalog/model-schema.ts'
import { findModel, providerNames } from '../../catalog/models.ts'
import { unknownModelError } from '../../catalog/parse-request.ts'
import type { CliContext } from '../context.ts'
import { columnsOf, hasColours, writeLine } from '../context.ts'
import { CliError, exitCodes } from '../errors.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import { renderModel, renderModelList } from '../render/models.ts'
import { parseUsd } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface ListFlags extends Pick<ModelFilter, 'kind' | 'provider'> {
  maxPrice?: number
  json?: boolean
}

/** Of a file: nothing need be wrapped. */
const fileColumns = 140

const widthOf = ({ stdout }: CliContext): number => columnsOf(stdout, fileColumns)

export function addModelsCommand(program: Command, host: CommandHost): void {
  const models = program
    .command('models')
    .description('list the models, or show what both providers make of one')
    .addOption(new Option('--kind <kind>', 'only those that do this').choices(taskKindSchema.options))
    .addOption(new Option('--provider <name>', 'only those that this provider can be asked for').choices(providerNames))
    .option('--max-price <usd>', 'only those with a published price up to this', parseUsd)
    .option('--json', 'print them as JSON')
    .action((flags: ListFlags) =>
      host.run(async (context) => {
        const { maxPrice: maxPriceUsd, ...filter } = flags
        const found = listModels(maxPriceUsd === undefined ? filter : { ...filter, maxPriceUsd })
        if (flags.json === true) writeLine(context.stdout, renderJson({ models: found }))
        else if (found.length === 0) writeLine(context.stderr, 'No model is like that.')
        else
          writeLine(
            context.stdout,
            renderModelList(found, createPaint(hasColours(context.stdout, context.env)), {
              terminalColumns: widthOf(context),
              asked: filter.kind,
            }),
          )
        return exitCodes.done
      }),
    )
  models
    .command('show <name>')
    .description('one model: its parameters, limits and prices at both providers')
    .option('--json', 'print it as JSON')
    .action((name: string, _flags: unknown, command: Command) =>
      host.run(async (context) => {
        const wanted = findModel(name)?.name
        const summary = listModels().find((model) => model.name === wanted)
        if (summary === undefined) throw new CliError(unknownModelError(name).message, exitCodes.usage)
        // `models --json show x` and `models show x --json` mean the same.
        const { json } = command.optsWithGlobals<{ json?: boolean }>()
        if (json === true) writeLine(context.stdout, renderJson(summary))
        else
          writeLine(context.stdout, renderModel(summary, createPaint(hasColours(context.stdout, context.env)), widthOf(context)))
        return exitCodes.done
      }),
    )
}
