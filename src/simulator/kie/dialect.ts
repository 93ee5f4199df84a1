import type { Accounts } from '../accounts.ts'
import type { Dialect, TaskView } from '../dialect.ts'
import type { Files } from '../files.ts'
import { type Json, jsonReply } from '../http/reply.ts'
import type { SimulatorSettings } from '../options.ts'
import type { Tasks } from '../tasks.ts'
import { commonRoutes, uploadRoutes } from './common.ts'
import { makeCodeReply } from './envelope.ts'
import { gpt4oCallback, gpt4oRoutes } from './gpt4o.ts'
import { kontextCallback, kontextRoutes } from './kontext.ts'
import { marketCallback, marketRoutes } from './market.ts'

interface Parts {
  settings: SimulatorSettings
  accounts: Accounts
  files: Files
  tasks: Tasks
}

export function kieDialect({ settings, accounts, files, tasks }: Parts): Dialect {
  const codeReply = makeCodeReply(settings.realHttpStatuses)
  const callbackBody = (view: TaskView): Json => {
    if (view.task.order.api === 'gpt4o') return gpt4oCallback(view)
    return view.task.order.api === 'kontext' ? kontextCallback(view) : marketCallback(view, settings)
  }
  return {
    provider: 'kie',
    routes: [
      ...marketRoutes(settings, codeReply),
      ...gpt4oRoutes(settings, codeReply),
      ...kontextRoutes(settings, codeReply),
      ...commonRoutes({ accounts, files, tasks, codeReply }),
    ],
    idField: 'taskId',
    unauthorized: () => codeReply(401, null),
    // kie: an unknown path is a real 404 with Spring's body.
    unknownRoute: (_method, path) =>
      jsonReply({ timestamp: Date.now(), status: 404, error: 'Not Found', message: 'No message available', path }, 404),
    badJson: () => codeReply(500, 'server_exception'),
    noCredits: () => codeReply(402, null),
    rateLimited: () => codeReply(429, null),
    codeReply,
    httpErrorBody: (status) => ({
      code: status,
      msg:
        status === 429 ? 'Your call frequency is too high. Please try again later.' : 'Internal Error, Please try again later.',
      data: null,
    }),
    callbackBody,
    forgedBody: (view, claim) => forgedBody(view, claim, callbackBody),
  }
}

/** The real body with what it claims replaced: what an eavesdropper would make of one. */
function forgedBody(
  view: TaskView,
  claim: { taskId: string; succeeded: boolean; url: string },
  callbackBody: (view: TaskView) => Json,
): Json {
  const { task } = view
  const failure = { code: 500, message: 'Internal server error', moderation: false }
  const claimed: TaskView = {
    ...view,
    task: { ...task, id: claim.taskId, finishedAtMs: view.nowMs, fate: { ...task.fate, failure } },
    state: claim.succeeded ? 'succeeded' : 'failed',
    end: claim.succeeded ? 'images' : 'failed',
    urls: [claim.url],
  }
  return callbackBody(claimed)
}

/** The upload host knows nothing but uploads. */
export function kieUploadDialect(kie: Dialect, files: Files): Dialect {
  return {
    ...kie,
    routes: uploadRoutes(files),
    unauthorized: () => jsonReply({ success: false, code: 401, msg: 'You do not have access permissions' }, 401),
  }
}
