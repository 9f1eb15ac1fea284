import { CreateLog1763800000000 } from './1763800000000-create-log.ts';
import { CreateJobs1763800000001 } from './1763800000001-create-jobs.ts';
import { CreateRequests1763800000002 } from './1763800000002-create-requests.ts';
import { CreateProjections1763800000003 } from './1763800000003-create-projections.ts';
import { CreateSandbox1763810000100 } from './1763810000100-create-sandbox.ts';
import { CreateCoins1763810000200 } from './1763810000200-create-coins.ts';
import { CreatePublications1763820000300 } from './1763820000300-create-publications.ts';
import { CreateShadows1763830000400 } from './1763830000400-create-shadows.ts';
import { CreateCoinNotes1763840000500 } from './1763840000500-create-coin-notes.ts';
import { AddBlockTimes1763850000600 } from './1763850000600-add-block-times.ts';
import { IndexDeposits1763860000700 } from './1763860000700-index-deposits.ts';
import { KeepVersions1763870000800 } from './1763870000800-keep-versions.ts';
import { CreateScreening1763880000900 } from './1763880000900-create-screening.ts';

/** Every migration in order, by name: no globs, so that what is built is what runs. */
export const migrations = [
  CreateLog1763800000000,
  CreateJobs1763800000001,
  CreateRequests1763800000002,
  CreateProjections1763800000003,
  CreateSandbox1763810000100,
  CreateCoins1763810000200,
  CreatePublications1763820000300,
  CreateShadows1763830000400,
  CreateCoinNotes1763840000500,
  AddBlockTimes1763850000600,
  IndexDeposits1763860000700,
  KeepVersions1763870000800,
  CreateScreening1763880000900,
] as const;
