// The faults of a chaos run as data: what strikes, and what must hold all the same. P: provider, F: fallback, C: callback, D: download,
// U: the caller. Each generation of a run gets one of them, some get two, some none. Rows of processes are in `nemesis-rows.ts`, forged
// callbacks in `forger.ts`. Every row counts how often it has struck (I13).
import type { RouteRequest } from '../../src/contract/index.ts'
import type { FaultRule } from '../../src/simulator/faults/rule.ts'

export interface ChaosRow {
  id: string
  text: string
  /** for one generation each: `match` is added by the plan */
  rules: readonly FaultRule[]
  route?: RouteRequest
  /** what the caller does; such a row is counted by the caller */
  client?: 'cancel' | 'post twice'
}

const defapiFirst: RouteRequest = { providers: ['defapi', 'kie'] }
const onKie = { provider: 'kie' } as const
const onDefapi = { provider: 'defapi' } as const

/** One reply to a submit is spoilt; whether the task was made is in the rule. */
const submitRows: readonly ChaosRow[] = [
  row('P5', 'Kie takes the task, the reply never comes', [{ ...onKie, on: 'submit', fault: 'lost_task_reply', times: 1 }]),
  row(
    'P5d',
    'DefAPI takes the task, the reply never comes',
    [{ ...onDefapi, on: 'submit', fault: 'lost_task_reply', times: 1 }],
    defapiFirst,
  ),
  row('P5n', 'no task, and no reply either', [{ ...onKie, on: 'submit', fault: 'timeout', taskMade: false, times: 1 }]),
  row('P6', 'task made, then RST', [{ ...onKie, on: 'submit', fault: 'reset_peer', taskMade: true, times: 1 }]),
  row('P6d', 'no task, RST', [{ ...onDefapi, on: 'submit', fault: 'reset_peer', times: 1 }], defapiFirst),
  row('P7', 'RST in the middle of the reply', [{ ...onKie, on: 'submit', fault: 'reset_peer', when: 'reply', times: 1 }]),
  row('P8', 'half a reply', [{ ...onKie, on: 'submit', fault: 'truncated_json', times: 1 }]),
  row('P9', 'two times 429, with Retry-After', [{ ...onKie, on: 'submit', fault: 'code_429', retryAfterSeconds: 1, times: 2 }]),
  row('P9d', 'HTTP 429 without Retry-After', [{ ...onDefapi, on: 'submit', fault: 'http_429', times: 1 }], defapiFirst),
  row('P10a', 'HTTP 502, task made', [{ ...onKie, on: 'submit', fault: 'http_502', taskMade: true, times: 1 }]),
  row('P10b', 'HTTP 500, no task', [{ ...onKie, on: 'submit', fault: 'http_500', times: 1 }]),
  row('P10c', 'HTTP 503, task made', [{ ...onDefapi, on: 'submit', fault: 'http_503', taskMade: true, times: 1 }], defapiFirst),
  row('P10d', 'HTTP 504 twice, no task', [{ ...onKie, on: 'submit', fault: 'http_504', times: 2 }]),
  row('P11a', 'code 455, maintenance, once', [{ ...onKie, on: 'submit', fault: 'code_455', times: 1 }]),
  row('P11b', 'code 505, not offered: refused for good', [{ ...onKie, on: 'submit', fault: 'code_505' }]),
  row('P11c', 'a code that nobody knows', [{ ...onKie, on: 'submit', fault: 'code_777', times: 1 }]),
  row('P12a', 'no JSON, task made', [{ ...onKie, on: 'submit', fault: 'malformed_json', times: 1 }]),
  row('P12b', 'an HTML page with 200, no task', [{ ...onKie, on: 'submit', fault: 'html_page', times: 1 }]),
  row('P12c', 'an empty body, task made', [{ ...onKie, on: 'submit', fault: 'empty_body', times: 1 }]),
  row('P12d', 'other types, task made', [{ ...onKie, on: 'submit', fault: 'wrong_types', times: 1 }]),
  row('P12e', 'success without a task id', [{ ...onDefapi, on: 'submit', fault: 'missing_task_id', times: 1 }], defapiFirst),
  row('P13a', 'a reply that drips', [{ ...onKie, on: 'submit', fault: 'bandwidth', bytesPerSecond: 20, times: 1 }]),
  row('P13b', 'a reply later than anybody waits', [{ ...onKie, on: 'submit', fault: 'latency', delayMs: 3_000, times: 1 }]),
  row('P21', 'a redirect to another host', [{ ...onKie, on: 'submit', fault: 'redirect', times: 1 }]),
  row('P22', 'both providers say HTTP 503, no task', [{ on: 'submit', fault: 'http_503' }]),
  row('P26', 'the id of a task that does not exist', [{ ...onKie, on: 'submit', fault: 'wrong_task_id', times: 1 }]),
  row('P27', 'two tasks for one request', [{ ...onKie, on: 'submit', fault: 'two_task_ids', times: 1 }]),
]

/** What becomes of the task, and what queries say of it. */
const taskRows: readonly ChaosRow[] = [
  row('P14', 'a task that never ends', [{ ...onKie, on: 'task', fault: 'stuck', times: 1 }]),
  row('P14w', 'a task that never ends, and the request waits', [{ ...onKie, on: 'task', fault: 'stuck', times: 1 }], {
    onOverdue: 'wait',
    deadlineMs: 20_000,
  }),
  row('P15a', 'an unknown state word, twice', [{ on: 'query', fault: 'unknown_state', times: 2 }, dropCallback()]),
  row('P15b', 'still pending although it has ended, twice', [{ on: 'query', fault: 'still_pending', times: 2 }]),
  // Counted, not timed: whenever a busy machine comes to ask, the task is not to be found.
  row('P16', 'not found, three times', [{ on: 'query', fault: 'not_found', times: 3 }]),
  row('P17a', 'success without a picture', [{ ...onKie, on: 'task', fault: 'success_without_image', times: 1 }]),
  row('P17b', 'more pictures than asked for', [{ ...onKie, on: 'task', fault: 'extra_images', times: 1 }]),
  row('P18a', 'content refused: another provider is not asked', [{ ...onKie, on: 'task', fault: 'content_refusal', times: 1 }]),
  row('P18b', 'content refused, another provider may be asked', [{ ...onKie, on: 'task', fault: 'content_refusal', times: 1 }], {
    onRefusal: 'fallback',
  }),
  row('P19a', 'the task fails and is refunded', [{ ...onKie, on: 'task', fault: 'task_failed', times: 1 }]),
  row('P19b', 'the task fails and is charged', [{ ...onKie, on: 'task', fault: 'task_failed', refunded: false, times: 1 }]),
  row('P19d', "DefAPI's task fails", [{ ...onDefapi, on: 'task', fault: 'task_failed', times: 1 }], defapiFirst),
  row('P28', 'charged, then forgotten', [{ ...onKie, on: 'task', fault: 'lost_task', times: 1 }]),
  row('P29', 'words instead of a picture', [{ ...onDefapi, on: 'task', fault: 'text_only', times: 1 }], defapiFirst),
  row('P30', 'a query answers with another task', [{ on: 'query', fault: 'other_task', times: 1 }]),
  row('P31', 'a query answers HTTP 500, then a page', [
    { on: 'query', fault: 'http_500', times: 1 },
    { on: 'query', fault: 'html_page', times: 1 },
  ]),
]

const fallbackRows: readonly ChaosRow[] = [
  row('F3', 'Kie finishes after DefAPI has been asked', [{ ...onKie, on: 'task', fault: 'slow_task', delayMs: 9_500, times: 1 }]),
  row('F4', 'the fallback refuses too', [
    { ...onKie, on: 'submit', fault: 'code_455' },
    { ...onDefapi, on: 'submit', fault: 'http_429' },
  ]),
  row(
    'F5',
    'the reply is lost, nothing is heard, and one paid attempt is all that is allowed',
    [{ ...onKie, on: 'submit', fault: 'lost_task_reply', times: 1 }, dropCallback()],
    { maxPaidAttempts: 1 },
  ),
]

const callbackRows: readonly ChaosRow[] = [
  row('C1', 'the callback is lost', [dropCallback()]),
  row('C1l', 'reply and callback are lost', [{ ...onKie, on: 'submit', fault: 'lost_task_reply', times: 1 }, dropCallback()]),
  row('C2', 'twenty copies at once', [{ on: 'callback', fault: 'duplicate_callback', count: 20, times: 1 }]),
  row('C3', 'the callback comes before the reply', [{ on: 'callback', fault: 'early_callback', delayMs: 300, times: 1 }]),
  row('C3l', 'the callback comes, the reply never', [
    { on: 'callback', fault: 'early_callback', times: 1 },
    { ...onKie, on: 'submit', fault: 'lost_task_reply', times: 1 },
  ]),
  row('C5', 'the callback comes after its attempt was left', [
    { ...onKie, on: 'callback', fault: 'delay_callback', delayMs: 10_000, times: 1 },
    { ...onKie, on: 'query', fault: 'still_pending' },
  ]),
  row('C7', 'forged: unsigned, made-up task id', [{ on: 'callback', fault: 'forge_callback', signature: 'none', times: 1 }]),
  row('C7w', 'forged: signed with another key', [
    { on: 'callback', fault: 'forge_callback', signature: 'wrong', taskId: 'same', times: 1 },
  ]),
  row('C12', 'forged failure of the true task, well signed', [
    { on: 'callback', fault: 'forge_callback', signature: 'genuine', taskId: 'same', state: 'fail', times: 1 },
  ]),
  row('C13', 'forged success of a task that will fail, well signed', [
    { on: 'callback', fault: 'forge_callback', signature: 'genuine', taskId: 'same', times: 1 },
    { ...onKie, on: 'task', fault: 'task_failed', times: 1 },
  ]),
  row('C17', 'callbacks change places', [{ on: 'callback', fault: 'reorder_callback', delayMs: 800, times: 1 }]),
]

const downloadRows: readonly ChaosRow[] = [
  row('D1', 'the link is gone, once', [{ on: 'download', fault: 'http_404', times: 1 }]),
  row('D2', '403 of the CDN', [{ on: 'download', fault: 'error_1010', anyAgent: true, times: 1 }]),
  row('D3', 'RST in the middle', [{ on: 'download', fault: 'reset_peer', when: 'reply', bytes: 300, times: 1 }]),
  row('D4', 'cut, and the HTTP reply is whole', [{ on: 'download', fault: 'truncated_body', times: 1 }]),
  row('D5', 'one byte is another', [{ on: 'download', fault: 'flip_byte', times: 1 }]),
  row('D6', 'an HTML page with 200', [{ on: 'download', fault: 'html_page', times: 1 }]),
  row('D7', 'text called PNG', [{ on: 'download', fault: 'wrong_type', variety: 'bytes', times: 1 }]),
  row('D9', 'a body without end', [{ on: 'download', fault: 'endless_body', times: 1 }]),
  row('D10', 'a body that drips', [{ on: 'download', fault: 'bandwidth', bytesPerSecond: 100, times: 1 }]),
  row('D11', 'a redirect into this machine', [{ on: 'download', fault: 'redirect', location: 'http://127.0.0.1:9/', times: 1 }]),
]

const clientRows: readonly ChaosRow[] = [
  { id: 'U1', text: 'the caller cancels', rules: [], client: 'cancel' },
  { id: 'U2', text: 'the caller posts the same twice at the same time', rules: [], client: 'post twice' },
  {
    id: 'K12',
    text: 'the caller cancels while a lost reply is listened for',
    rules: [{ ...onKie, on: 'submit', fault: 'lost_task_reply', times: 1 }],
    client: 'cancel',
  },
]

/**
 * Not in the mixture, because we do not withstand it: an id that another attempt holds is believed when it is in the reply to our own POST, so
 * the other generation's picture is stored. Asked for with `--rows P20`.
 */
export const knownBreaches: readonly ChaosRow[] = [
  row('P20', 'the id of another task in the reply', [{ ...onKie, on: 'submit', fault: 'same_task_id', times: 1 }]),
]

/** At least a tenth of all generations is forced to the next provider by this one. */
export const forcedFallback: ChaosRow = row('F1', 'Kie says "later" each time: DefAPI is asked', [
  { ...onKie, on: 'submit', fault: 'http_521' },
])

export const chaosRows: readonly ChaosRow[] = [
  ...submitRows,
  ...taskRows,
  ...fallbackRows,
  ...callbackRows,
  ...downloadRows,
  ...clientRows,
]

function row(id: string, text: string, rules: readonly FaultRule[], route?: RouteRequest): ChaosRow {
  return { id, text, rules, ...(route === undefined ? {} : { route }) }
}

function dropCallback(): FaultRule {
  return { on: 'callback', fault: 'drop_callback' }
}
