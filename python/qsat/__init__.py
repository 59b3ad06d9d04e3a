"""Attention as amplitudes: scoring, amplified selection, sparse attention."""
