import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { parseWith } from '../../core/base/schema.ts';
import { valueOf } from './refusal-exception.ts';

/**
 * Parses each parameter of a handler by its schema. Nest's own pipe lets a parameter without a schema through; this one throws,
 * so that a forgotten schema fails at once.
 */
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type === 'custom') return value;
    if (!(metadata.schema instanceof z.ZodType))
      throw new Error(`no schema on @${metadata.type}(${metadata.data ?? ''})`);
    return valueOf(parseWith(metadata.schema, value));
  }
}
