// Checks of the client's pure modules, run in the browser that runs the client.
// Each gives a list of what is wrong; an empty one is a pass.
import { layout } from '/a/x/js/chat/layout.js';
import { peaksOf } from '/a/x/js/chat/recorder.js';
import { callsOf, emojiCount, linkify, partsOf, reasonToAsk, trustHost } from '/a/x/js/chat/text.js';
import { toned } from '/a/x/js/chat/emoji.js';
import { fitting } from '/a/x/js/chat/written.js';
import { openDatabase } from '/a/x/js/core/database.js';
import { frameOf, Outbox } from '/a/x/js/core/outbox.js';
import { Mirror } from '/a/x/js/core/mirror.js';
import { backoff, isFinal, newCID } from '/a/x/js/core/socket.js';
