import { Bitcoind } from '../../src/chain/bitcoind.ts';
import { fromHex } from '../../src/core/base/bytes.ts';
import { WatchFollower } from '../../src/sentinel/watch-follower.ts';
import { WatchStore } from '../../src/sentinel/watch-store.ts';

// A process of its own that reads one script's coins until it has read all, or somebody kills it. It says when it begins.
const [path = '', url = '', cookieFile = '', script = ''] = process.argv.slice(2);
const store = WatchStore.open(path);
const view = new Bitcoind({ url, cookieFile, network: 'regtest' });
const follower = new WatchFollower(view, store);
const wallet = { branches: [0] as const, script: () => fromHex(script) };
follower.follow({ id: 'killed', wallet, birth: 0, gap: 1 }, [0, 0]);
process.stdout.write('reading\n');
while (!(await follower.catchUp()));
await view.close();
store.close();
