import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { DocumentsController } from './documents.controller.ts';
import { DocumentReader } from './document-reader.ts';
import { DocumentsService } from './documents.service.ts';
import { PublicationStore } from './publication.store.ts';

@Module({
  imports: [LogModule],
  controllers: [DocumentsController],
  providers: [DocumentReader, DocumentsService, PublicationStore],
})
export class DocumentsModule {}
