// Input schemas of Seedream (ByteDance). kie: docs.kie.ai as of August 2026. Lists of numbers and objects are not looked into.
import { choice, type Fields, flag, number, required, text, url, urls } from '../../fields.ts'

export const bytedanceSchemas: Readonly<Record<string, Fields>> = {
  'bytedance/seedream': {
    prompt: required(text(5_000)),
    guidance_scale: number(1, 10),
    image_size: choice('square square_hd portrait_4_3 portrait_16_9 landscape_4_3 landscape_16_9'),
    seed: number(),
  },
  'bytedance/seedream-v4-edit': {
    image_urls: required(urls(10)),
    prompt: required(text(5_000)),
    image_resolution: choice('1K 2K 4K'),
    image_size: choice(
      'square square_hd portrait_4_3 portrait_3_2 portrait_16_9 landscape_4_3 landscape_3_2 landscape_16_9 landscape_21_9',
    ),
    max_images: number(1, 6),
    nsfw_checker: flag(),
    seed: number(),
  },
  'bytedance/seedream-v4-text-to-image': {
    prompt: required(text(5_000)),
    image_resolution: choice('1K 2K 4K'),
    image_size: choice(
      'square square_hd portrait_4_3 portrait_3_2 portrait_16_9 landscape_4_3 landscape_3_2 landscape_16_9 landscape_21_9',
    ),
    max_images: number(1, 6),
    nsfw_checker: flag(),
    seed: number(),
  },
  'seedream/4.5-edit': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    image_urls: required(urls(14)),
    prompt: required(text(3_000)),
    quality: required(choice('basic high')),
    nsfw_checker: flag(),
  },
  'seedream/4.5-text-to-image': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    prompt: required(text(3_000)),
    quality: required(choice('basic high')),
    nsfw_checker: flag(),
  },
  'seedream/5-lite-image-to-image': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    image_urls: required(urls(14)),
    prompt: required(text(3_000)),
    quality: required(choice('basic high ultra')),
    nsfw_checker: flag(),
    output_format: choice('png jpeg'),
  },
  'seedream/5-lite-text-to-image': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    prompt: required(text(3_000)),
    quality: required(choice('basic high ultra')),
    nsfw_checker: flag(),
    output_format: choice('png jpeg'),
  },
  'seedream/5-pro-image-to-image': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    image_urls: required(urls(10)),
    prompt: required(text(5_000)),
    quality: required(choice('basic high')),
    nsfw_checker: flag(),
    output_format: choice('png jpeg'),
  },
  'seedream/5-pro-layer-decomposition': {
    image_url: required(url()),
    output_format: choice('png jpeg'),
    prompt: text(5_000),
    size: choice('auto 1K 1.5K 2K'),
  },
  'seedream/5-pro-text-to-image': {
    aspect_ratio: required(choice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9')),
    prompt: required(text(5_000)),
    quality: required(choice('basic high')),
    nsfw_checker: flag(),
    output_format: choice('png jpeg'),
  },
}
