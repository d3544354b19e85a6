"""Entity sets of finance and operations: types in `entities.jsonl`, other facts in `catalog`."""
