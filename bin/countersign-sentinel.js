#!/usr/bin/env node
import { launch } from './launch.js';

await launch('countersign-sentinel', 'src/sentinel/main.js');
