// Input schemas of Google and OpenAI. kie: docs.kie.ai as of August 2026. Lists of numbers and objects are not looked into.
import { choice, type Fields, flag, number, required, text, urls } from '../../fields.ts'

export const googleOpenaiSchemas: Readonly<Record<string, Fields>> = {
  'google/imagen4': {
    prompt: required(text(5_000)),
    aspect_ratio: choice('1:1 16:9 9:16 3:4 4:3 auto'),
    negative_prompt: text(5_000),
    seed: text(500),
  },
  'google/imagen4-fast': {
    prompt: required(text(5_000)),
    aspect_ratio: choice('1:1 16:9 9:16 3:4 4:3 auto'),
    negative_prompt: text(5_000),
    seed: number(),
  },
  'google/imagen4-ultra': {
    prompt: required(text(5_000)),
    aspect_ratio: choice('1:1 16:9 9:16 3:4 4:3 auto'),
    negative_prompt: text(5_000),
    seed: text(500),
  },
  'google/nano-banana': {
    prompt: required(text(5_000)),
    aspect_ratio: choice('1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'),
    image_size: choice('1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'),
    nsfw_checker: flag(),
    output_format: choice('png jpeg'),
  },
  'google/nano-banana-edit': {
    image_urls: required(urls(10)),
    prompt: required(text(5_000)),
    aspect_ratio: choice('1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'),
    image_size: choice('1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'),
    output_format: choice('png jpeg'),
  },
  'gpt-image-2-image-to-image': {
    input_urls: required(urls(16)),
    prompt: required(text(20_000)),
    aspect_ratio: choice('auto 1:1 3:2 2:3 4:3 3:4 5:4 4:5 16:9 9:16 2:1 1:2 3:1 1:3 21:9 9:21'),
    resolution: choice('1K 2K 4K'),
  },
  'gpt-image-2-text-to-image': {
    prompt: required(text(20_000)),
    aspect_ratio: choice('auto 1:1 3:2 2:3 4:3 3:4 5:4 4:5 16:9 9:16 2:1 1:2 3:1 1:3 21:9 9:21'),
    resolution: choice('1K 2K 4K'),
  },
  'gpt-image/1.5-image-to-image': {
    aspect_ratio: required(choice('1:1 2:3 3:2')),
    input_urls: required(urls(16)),
    prompt: required(text()),
    quality: required(choice('medium high')),
  },
  'gpt-image/1.5-text-to-image': {
    aspect_ratio: required(choice('1:1 2:3 3:2')),
    prompt: required(text()),
    quality: required(choice('medium high')),
  },
  'nano-banana-2': {
    prompt: required(text(20_000)),
    aspect_ratio: choice('1:1 2:3 3:2 1:4 4:1 3:4 4:3 4:5 5:4 1:8 8:1 9:16 16:9 21:9 auto'),
    image_input: urls(14),
    output_format: choice('png jpg'),
    resolution: choice('1K 2K 4K'),
  },
  'nano-banana-2-lite': {
    aspect_ratio: required(choice('1:1 1:4 1:8 2:3 3:2 3:4 4:1 4:3 4:5 5:4 8:1 9:16 16:9 21:9 auto')),
    prompt: required(text(20_000)),
    image_urls: urls(10),
  },
  'nano-banana-pro': {
    prompt: required(text(10_000)),
    aspect_ratio: choice('1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9 auto'),
    image_input: urls(8),
    output_format: choice('png jpg'),
    resolution: choice('1K 2K 4K'),
  },
}
