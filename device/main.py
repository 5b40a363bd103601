import homeport

homeport.main()
