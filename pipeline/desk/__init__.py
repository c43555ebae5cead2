"""What people do, one module for each thing that they come for."""
