import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Tile } from '../../core/log/tiles.ts';
import { parseTilePath } from '../../core/log/tiles.ts';
import { refusal } from '../http/refusal-exception.ts';

const PREFIX = '/log/';

/** The tile that the path of a request names: the path itself is its schema (C2SP tlog-tiles). */
export const RequestedTile = createParamDecorator((_: unknown, context): Tile => {
  const { url } = context.switchToHttp().getRequest<FastifyRequest>();
  const [path = ''] = url.split('?');
  const tile = path.startsWith(PREFIX) ? parseTilePath(path.slice(PREFIX.length)) : undefined;
  if (tile === undefined) throw refusal('http.unknown');
  return tile;
});
