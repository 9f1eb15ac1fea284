#!/usr/bin/env node
import { launch } from './launch.js';

await launch('countersign', 'src/cli/main.js');
