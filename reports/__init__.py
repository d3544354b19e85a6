"""Turns result files into text, HTML, JUnit, Markdown, SARIF and JSON."""
