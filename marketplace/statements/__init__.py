"""What people may read of the money: earnings, statements, receipts, solvency, costs. Nothing here is stored."""
