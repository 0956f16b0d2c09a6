mc qqqqqqqq
