"""What people must look at, in which order, and what is still wrong when they are done."""
