"""What comes out: kept results, gradebook, feedback pages, tables, and whom to look at."""
