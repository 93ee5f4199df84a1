// What a picture can be of. A word of the prompt chooses; else the task id does.
import { pick, type Random } from '../random.ts'
import { colour, type Colour } from './canvas.ts'

export interface Theme {
  words: readonly string[]
  /** zenith, middle, horizon */
  sky: readonly [Colour, Colour, Colour]
  /** the sun or moon and its glow */
  light: Colour
  glow: Colour
  moon: boolean
  /** hills in the distance and in front; those between are mixed */
  far: Colour
  near: Colour
  ridge: 'hills' | 'peaks' | 'dunes' | 'city'
  stars: boolean
  aurora: boolean
  snowcaps: boolean
  flakes: boolean
  trees: boolean
  water: boolean
  birds: boolean
  /** 0..1 */
  clouds: number
}

const plain = {
  moon: false,
  ridge: 'hills',
  stars: false,
  aurora: false,
  snowcaps: false,
  flakes: false,
  trees: false,
  water: false,
  birds: false,
  clouds: 0.3,
} as const

function sky(zenith: string, middle: string, horizon: string): Theme['sky'] {
  return [colour(zenith), colour(middle), colour(horizon)]
}

const themes: readonly [Theme, ...Theme[]] = [
  {
    ...plain,
    words: ['snow', 'winter', 'ice', 'frozen', 'arctic', 'cold'],
    sky: sky('#5f83b3', '#a9c3de', '#f6e9e4'),
    light: colour('#fffaf0'),
    glow: colour('#ffe2cf'),
    far: colour('#b9cadd'),
    near: colour('#2f4763'),
    ridge: 'peaks',
    snowcaps: true,
    flakes: true,
    trees: true,
    clouds: 0.35,
  },
  {
    ...plain,
    words: ['night', 'moon', 'star', 'midnight', 'dark', 'dream'],
    sky: sky('#050a22', '#14224f', '#41578f'),
    light: colour('#fdf6dc'),
    glow: colour('#8fa5dd'),
    far: colour('#3a4c80'),
    near: colour('#060a19'),
    ridge: 'peaks',
    moon: true,
    stars: true,
    trees: true,
    clouds: 0.12,
  },
  {
    ...plain,
    words: ['sunset', 'dusk', 'red', 'orange', 'fire', 'warm', 'autumn'],
    sky: sky('#2b1d52', '#b9405f', '#ffb56b'),
    light: colour('#fff3c9'),
    glow: colour('#ff9d5c'),
    far: colour('#a3536e'),
    near: colour('#1d1030'),
    birds: true,
    clouds: 0.4,
  },
  {
    ...plain,
    words: ['sea', 'ocean', 'beach', 'lake', 'river', 'water', 'boat', 'ship', 'fish', 'whale', 'island', 'harbour', 'harbor'],
    sky: sky('#1b4f86', '#6fb1d6', '#ffe6c2'),
    light: colour('#fffbe8'),
    glow: colour('#ffd9a0'),
    far: colour('#7fa3bd'),
    near: colour('#183247'),
    ridge: 'peaks',
    water: true,
    birds: true,
    clouds: 0.4,
  },
  {
    ...plain,
    words: ['forest', 'tree', 'wood', 'green', 'jungle', 'garden', 'spring', 'deer', 'bear'],
    sky: sky('#3c7473', '#9cc6b0', '#f3f2d4'),
    light: colour('#fffde8'),
    glow: colour('#f5f0bd'),
    far: colour('#a3c3ab'),
    near: colour('#0d271d'),
    trees: true,
    birds: true,
    clouds: 0.2,
  },
  {
    ...plain,
    words: ['desert', 'sand', 'dune', 'camel', 'egypt', 'mars', 'dust'],
    sky: sky('#3b78ab', '#e6b98c', '#ffe7c4'),
    light: colour('#fff8e0'),
    glow: colour('#ffd391'),
    far: colour('#e0ae78'),
    near: colour('#73361c'),
    ridge: 'dunes',
    clouds: 0.12,
  },
  {
    ...plain,
    words: ['city', 'street', 'tower', 'cyberpunk', 'neon', 'robot', 'car', 'skyline', 'building', 'office'],
    sky: sky('#13123a', '#5b3d86', '#ff9673'),
    light: colour('#ffe9c4'),
    glow: colour('#ff8f78'),
    far: colour('#8a5a8c'),
    near: colour('#0d0c24'),
    ridge: 'city',
    stars: true,
    clouds: 0.25,
  },
  {
    ...plain,
    words: ['aurora', 'north', 'magic', 'space', 'alien', 'galaxy', 'cosmic', 'wizard', 'dragon'],
    sky: sky('#06081f', '#0f2145', '#27527a'),
    light: colour('#eef6ff'),
    glow: colour('#6b9cc9'),
    far: colour('#2c4f74'),
    near: colour('#04070f'),
    ridge: 'peaks',
    moon: true,
    stars: true,
    aurora: true,
    snowcaps: true,
    water: true,
    clouds: 0,
  },
  {
    ...plain,
    words: ['dawn', 'morning', 'pink', 'soft', 'cat', 'portrait', 'flower', 'pastel'],
    sky: sky('#4a5aa8', '#d893b4', '#ffe0bf'),
    light: colour('#fff7e4'),
    glow: colour('#ffcaa8'),
    far: colour('#cfa3bd'),
    near: colour('#3a2a55'),
    trees: true,
    birds: true,
    clouds: 0.45,
  },
  {
    ...plain,
    words: ['day', 'summer', 'blue', 'mountain', 'field', 'dog', 'horse', 'farm', 'landscape'],
    sky: sky('#2f7ecf', '#83bfee', '#e9f5fb'),
    light: colour('#fffdf0'),
    glow: colour('#fff3c6'),
    far: colour('#93b7c9'),
    near: colour('#1d4738'),
    trees: true,
    birds: true,
    clouds: 0.5,
  },
]

export function themeOf(prompt: string, random: Random): Theme {
  const said = prompt.toLowerCase()
  const positions = themes.flatMap((theme) => theme.words.map((word) => ({ theme, at: said.search(new RegExp(`\\b${word}`)) })))
  // The last word that means something wins: in "a red fox in the snow" the place comes last.
  const found = positions.filter(({ at }) => at >= 0).sort((a, b) => b.at - a.at)[0]
  return found?.theme ?? pick(random, themes)
}
