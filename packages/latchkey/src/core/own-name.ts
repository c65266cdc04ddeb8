/** Who changed what is allowed, in the trail, where no person did. */
export const OWN_NAME = 'gateway';
