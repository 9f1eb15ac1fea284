import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's folder: the nearest above with a package.json. */
export function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('Countersign does not run outside its own folder');
    folder = above;
  }
  return folder;
}

/** A program as it was built, for those who start it as a process of its own: `cli/main.js`. */
export function builtProgram(path: string): string {
  const program = join(projectFolder(), 'dist', 'src', path);
  if (!existsSync(program)) throw new Error(`${program} is not built: run npm run build`);
  return program;
}
