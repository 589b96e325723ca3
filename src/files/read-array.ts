/** Arrays from .npy and .npz files. */
import { atDoor } from '../core/door.ts';
import { text } from '../core/parse.ts';
import { withFile } from './bytes.ts';
import { parseLocation } from './location.ts';
import { type FileArray, readNpy } from './npy.ts';
import { chooseMember, listMembers, openMember } from './zip.ts';

/**
 * The array in a file of NumPy: `file.npy`, or one of `file.npz` as `file.npz:name` (the name may be left out when there is
 * only one). All integer and float types and bool, either byte order; the result is in C order, float16 are float32.
 *
 * @example
 * const { shape, data } = await readArray('weights.npy');
 * @throws StoreError for a file that is missing, truncated or damaged, UnsupportedError for complex numbers, text and objects.
 */
export function readArray(path: string): Promise<FileArray> {
  return atDoor('readArray', async () => {
    const location = parseLocation(text.parse(path, 'path'), ['.npy', '.npz']);
    return withFile(location.path, async (source) => {
      if (location.extension === '.npy') return readNpy(source);
      const member = chooseMember(location.path, await listMembers(source), location.name);
      return readNpy(await openMember(source, member));
    });
  });
}
