import { Readable } from 'node:stream';
import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { EvidenceQuery } from './evidence.schema.ts';
import { evidenceQuery } from './evidence.schema.ts';
import { EvidenceService } from './evidence.service.ts';

const JSON_LINES = 'application/jsonl';

@ApiTags('evidence')
@Controller('v1/evidence')
export class EvidenceController {
  constructor(private readonly evidence: EvidenceService) {}

  /**
   * The whole log up to its last checkpoint as JSON Lines: checkpoint, then each entry after the blobs that it names. Made for
   * `countersign evidence verify`, which judges every receipt again. `from` leaves out the entries before it, for who has them.
   */
  @Get()
  @ApiProduces(JSON_LINES)
  @ApiOkResponse({ schema: { type: 'string' } })
  read(@Query({ schema: evidenceQuery }) { from }: EvidenceQuery): StreamableFile {
    const head = this.evidence.head();
    const name = `countersign-evidence-${head.size}.jsonl`;
    return new StreamableFile(
      Readable.from(this.evidence.lines(head, from), { objectMode: false }),
      {
        type: JSON_LINES,
        disposition: `attachment; filename="${name}"`,
      },
    );
  }
}
