import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import { startBitcoinNode } from '../../support/bitcoin-node.ts';
import { describeProgram } from '../../support/programs.ts';
import { reorganisationContract } from '../../support/reorganisations.ts';
import { startTestWork } from '../../support/work.ts';

reorganisationContract('the sandbox', async () => {
  const database = await startTestWork();
  const sandbox = await Sandbox.open(database.work);
  await sandbox.mine(1);
  return {
    view: sandbox,
    mine: (blocks) => sandbox.mine(blocks),
    fund: (script, amount) => sandbox.fund(script, amount),
    reorganise: (depth) => sandbox.reorganise(depth),
    async stop() {
      await sandbox.close();
      await database.stop();
    },
  };
});

describeProgram('bitcoind', 'a real node that reorganises', (program) => {
  reorganisationContract('a real Bitcoin node', () => startBitcoinNode(program));
});
