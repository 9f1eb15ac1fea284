#!/usr/bin/env node
import { launch } from './launch.js';

await launch('countersign-signer', 'src/signer/main.js');
