export class PastValues {}
