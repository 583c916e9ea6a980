"""What commands share of what people type: dates and amounts, filters, manners; read, and looked up."""
