// The client's entry.
import './ui/kit.js';
