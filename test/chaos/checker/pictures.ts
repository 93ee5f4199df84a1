// I5: the bytes in our store are the bytes of this very generation.
import type { Generation } from '../../../src/contract/index.ts'
import { nonceOf } from '../plan.ts'
import { label } from './books.ts'
import type { Books, Check, Finding } from './records.ts'

export const checkPictures: Check = (records, books): Finding => {
  const breaches: string[] = []
  const known = new Map(records.generations.map((generation) => [generation.id, generation]))
  for (const picture of records.pictures) {
    const generation = known.get(picture.generationId)
    if (generation === undefined) continue
    const name = `${label(generation, books)} picture ${picture.index}`
    if (picture.fetchedSha256 === null) breaches.push(`${name} cannot be read`)
    else if (picture.fetchedSha256 !== picture.reportedSha256) breaches.push(`${name} has other bytes than its row says`)
    const attempt = generation.attempts.find(({ item, number }) => item === picture.item && number === picture.attempt)
    const taskId = attempt?.providerTaskId ?? null
    const task = attempt === undefined || taskId === null ? null : books.taskById(attempt.provider, taskId)
    if (task === null) breaches.push(`${name}: its attempt names no task that the provider knows`)
    else if (nonceOf(task.prompt) !== nonceOf(generation.prompt)) breaches.push(`${name} is the picture of another generation`)
    else if (!picture.providerSha256.includes(picture.reportedSha256)) breaches.push(`${name} is not what the provider drew`)
    // Of several pictures it names the first; the others name their own attempts.
    if (!picture.isSpare && generation.count === 1 && generation.servedBy?.providerTaskId !== attempt?.providerTaskId) {
      breaches.push(`${name}: servedBy names another task than the attempt that the picture came from`)
    }
  }
  for (const generation of records.generations) {
    const wanted = generation.status === 'completed' ? generation.count : 0
    const delivered = generation.images.filter(({ spare }) => !spare).length
    if (delivered + generation.itemFailures.length < wanted) {
      breaches.push(`${label(generation, books)}: ${delivered} of ${wanted} pictures, and nothing says why`)
    }
  }
  for (const generation of records.generations) breaches.push(...givenOtherwise(generation, books))
  const images = records.generations.reduce((sum, { images: all }) => sum + all.length, 0)
  const given = records.tasks.reduce((sum, { references }) => sum + references.filter(({ sha256 }) => sha256 !== null).length, 0)
  if (images !== records.pictures.length)
    breaches.push(`${images} pictures are reported, ${records.pictures.length} were looked at`)
  return {
    id: 'I5',
    title: "stored bytes are this generation's",
    checked: records.pictures.length,
    breaches,
    note: `${given} tasks were given the picture that they start from`,
    notChecked: null,
  }
}

/**
 * A picture to start from is never left out and never another one. Where the provider could not fetch it (a link of ours while the gateway
 * was away) its task fails, so that none of its pictures can be ours.
 */
function givenOtherwise(generation: Generation, books: Books): string[] {
  const wanted = books.plannedOf(generation)?.uploadSha256 ?? null
  return books.tasksOf(generation).flatMap(({ provider, taskId, references, state }) => {
    const name = `${label(generation, books)}: ${provider} task ${taskId}`
    const seen = references.map(({ sha256 }) => sha256)
    if (seen.length !== (wanted === null ? 0 : 1)) return [`${name} was made from ${seen.length} pictures`]
    if (seen.some((sha256) => sha256 !== null && sha256 !== wanted)) return [`${name} was made from another picture`]
    if (seen.includes(null) && state === 'succeeded') return [`${name} was made without the picture that it had to start from`]
    return []
  })
}
