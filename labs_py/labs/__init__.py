"""The labs, one file each; a file's name is its lab's name."""
