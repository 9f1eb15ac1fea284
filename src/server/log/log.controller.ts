import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { hex32 } from '../../core/base/schema.ts';
import type { Tile } from '../../core/log/tiles.ts';
import { TILE_WIDTH, encodeBundle, hasTile, tileBytes } from '../../core/log/tiles.ts';
import { Public, Readers } from '../access/caller.ts';
import { refusal } from '../http/refusal-exception.ts';
import { LogService } from './log.service.ts';
import { RequestedTile } from './tile-path.ts';

/** What a tile or blob holds never changes, full or partial: its path names the number of its hashes. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const FOR_EVER_PRIVATE = 'private, max-age=31536000, immutable';
const BYTES = 'application/octet-stream';

/** The read API of the log (C2SP tlog-tiles), and blobs by their hash. */
@ApiTags('log')
@Controller('log')
export class LogController {
  constructor(private readonly log: LogService) {}

  /** The newest checkpoint, a signed note. */
  @Get('checkpoint')
  @Public()
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ description: 'signed note (C2SP tlog-checkpoint)' })
  checkpoint(): string {
    return this.log.head('organisation').note;
  }

  /** A bundle of entries, whole or partial. */
  @Get('tile/entries/*')
  @Readers()
  @Header('cache-control', FOR_EVER_PRIVATE)
  @ApiExcludeEndpoint() // a wildcard cannot be written in OpenAPI: see C2SP tlog-tiles
  async entries(@RequestedTile() tile: Tile): Promise<StreamableFile> {
    this.#mustExist(tile);
    const first = tile.index * TILE_WIDTH;
    const leaves = await this.log.leaves(first, tile.width);
    const stand = leaves.findIndex(({ index }, at) => index !== first + at);
    const inOrder = stand < 0 ? leaves.length : stand;
    // Committed entries do not go by themselves: the database was edited.
    if (inOrder !== tile.width) throw refusal('log.tile.invalid', { index: first + inOrder });
    return file(encodeBundle(leaves.map(({ leaf }) => leaf)));
  }

  /** A tile of hashes, whole or partial. */
  @Get('tile/*')
  @Public()
  @Header('cache-control', FOR_EVER)
  @ApiExcludeEndpoint()
  tile(@RequestedTile() tile: Tile): StreamableFile {
    this.#mustExist(tile);
    return file(tileBytes(this.log.state().tree, tile));
  }

  /** A blob that an entry names. */
  @Get('blob/:sha256')
  @Readers()
  @Header('cache-control', FOR_EVER_PRIVATE)
  @ApiOkResponse({ description: 'the bytes that have this hash' })
  async blob(@Param('sha256', { schema: hex32 }) sha256: string): Promise<StreamableFile> {
    const bytes = await this.log.blob(sha256);
    if (bytes === undefined) throw refusal('http.unknown', { blob: sha256 });
    return file(bytes);
  }

  #mustExist(tile: Tile): void {
    if (!hasTile(tile, this.log.head('organisation').size)) throw refusal('http.unknown');
  }
}

function file(bytes: Uint8Array): StreamableFile {
  return new StreamableFile(bytes, { type: BYTES, length: bytes.length });
}
