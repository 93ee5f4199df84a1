// I5: the bytes in our store are the bytes of this very generation.
import { nonceOf } from '../plan.ts'
import { label } from './books.ts'
import type { Check, Finding } from './records.ts'

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
  const images = records.generations.reduce((sum, { images: all }) => sum + all.length, 0)
  if (images !== records.pictures.length)
    breaches.push(`${images} pictures are reported, ${records.pictures.length} were looked at`)
  return {
    id: 'I5',
    title: "stored bytes are this generation's",
    checked: records.pictures.length,
    breaches,
    note: '',
    notChecked: null,
  }
}
