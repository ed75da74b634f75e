"""The corpus: daemons of Debian's archive, each put to work by dpkg and by Gatekeel and compared. See `run`."""
