from walk.one import ONE

DEEP = ONE
